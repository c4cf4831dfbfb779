"""A small NetworkPolicy enforcer for the local cluster: policies, namespaces and pods compiled to nftables."""
