"""The OpenAPI 3.1 document, made of the routes, their models and the catalogue of events."""
