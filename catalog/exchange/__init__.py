"""Products as files: import and export in the CSV layout of Shopify, and the pictures that such a file names."""
