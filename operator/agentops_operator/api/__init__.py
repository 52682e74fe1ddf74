"""What a resource is: models, conditions with documented reasons, and facts about each kind."""
