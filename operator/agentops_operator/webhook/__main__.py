"""`python -m agentops_operator.webhook` answers the API server."""

import sys

from agentops_operator.webhook.main import main

sys.exit(main())
