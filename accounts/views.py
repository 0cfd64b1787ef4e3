from django.http import HttpRequest, HttpResponse


def _later(request: HttpRequest, **kwargs: str) -> HttpResponse:
    return HttpResponse("soon")


home = product_list = product_detail = category = search = detail = add = update = status = sign_up = _later
checkout = checkout_return = checkout_cancel = _later
