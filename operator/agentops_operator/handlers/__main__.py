"""`python -m agentops_operator.handlers` runs the operator."""

import sys

from agentops_operator.handlers.main import main

sys.exit(main())
