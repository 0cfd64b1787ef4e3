"""The pages that the shop's pages are compared with."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bench.bare.models import Note, Row

ROWS = 24  # as many as the shop shows on a page


def page(request: HttpRequest) -> HttpResponse:
    """Django's own cost, and gunicorn's."""
    return HttpResponse("Hello")


def rows(request: HttpRequest) -> HttpResponse:
    """One query and one extended template."""
    return render(request, "bare/rows.html", {"rows": Row.objects.all()[:ROWS]})


def row(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the links of `rows` lead. Not measured."""
    return HttpResponse(slug)


@require_POST
def remember(request: HttpRequest) -> HttpResponse:
    """Write the session and redirect, as a cart does."""
    request.session["things"] = [request.POST["thing"]]
    return redirect("rows")


@csrf_exempt
@require_POST
def note(request: HttpRequest) -> HttpResponse:
    """One INSERT."""
    Note.objects.create(text=request.POST["text"])
    return HttpResponse("ok")
