"""One module a resource: parse the query, find out what the caller may see, ask `data`, answer."""
