"""Damaged files: whatever the bytes, only our exception, in bounded time and memory."""
