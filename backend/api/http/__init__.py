"""HTTP as every route of the API speaks it: problems, request ids, ETags, compression, limits, pages."""
