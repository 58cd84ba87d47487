"""What does a person read where a test fails?

Draws what others found: it compares nothing itself. Nothing but ``plugin`` may use it.
"""
