"""What the cluster should hold for one server. Pure functions: observed inputs in, manifests out."""
