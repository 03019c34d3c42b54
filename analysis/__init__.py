"""The desk: an air-gapped machine that opens reports, finds patterns and publishes findings."""
