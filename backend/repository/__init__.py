"""`bsls repository ensure`: the init container that connects to, or creates, the Kopia repository of one server."""
