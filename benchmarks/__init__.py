"""Speed of the product beside its peers, measured in one run."""
