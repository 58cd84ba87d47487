"""What the plugin's tests share."""

from __future__ import annotations

# pytester forgets what the pytest that it runs imports, but not what is imported here: each
# of some hundred runs would take 0.3 s longer.
