"""The peer's addresses, as its own documentation has them: ``pyas2/as2receive``. Runs in the peer's environment."""

from django.urls import path
from pyas2.views import ReceiveAs2Message

urlpatterns = [path("pyas2/as2receive", ReceiveAs2Message.as_view())]
