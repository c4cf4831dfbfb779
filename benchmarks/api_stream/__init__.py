"""`make bench-api`: live streams of events to thousands of clients, against nchan and Centrifuge."""
