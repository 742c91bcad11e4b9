"""What the axis does with an admitted package: verify, route, move through hops, deliver. Each stage claims rows, acts and settles them."""
