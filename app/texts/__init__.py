"""Everything users read: Korean is the language of the contract, English stands beside it."""
