"""One module for each published corpus, which defines CORPUS."""
