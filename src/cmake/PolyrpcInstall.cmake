# Filled in below as the libraries come.
