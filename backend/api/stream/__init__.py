"""Live events: one reader of the firehose, cohorts of equal subscribers, slow clients that are bounded and told."""
