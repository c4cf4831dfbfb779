"""List pages of the API beside the same pages of Go programs."""
