"""The demo: the product on a real cluster, told step by step with evidence. It is the end-to-end test as well."""
