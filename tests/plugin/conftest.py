"""What the plugin's tests share."""

from __future__ import annotations

# pytester forgets what the pytest that it runs imports, but not what is imported here: each
# of some hundred runs would take 0.3 s longer.
import pytest_pycinspect.golden_items
import pytest_pycinspect.golden_session
import pytest_pycinspect.interpreters
import pytest_pycinspect.report
import pytest_pycinspect.specialized
import pytest_pycinspect.startup_imports
import pytest_pycinspect.tracebacks  # noqa: F401
