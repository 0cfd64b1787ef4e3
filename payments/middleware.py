def settled_cart(get_response):
    return get_response
