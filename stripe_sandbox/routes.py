"""Every address of the stand-in."""

from django.urls import path

from .api import Operation, endpoint, not_found
from .control import books, deliveries, faults, money, settings
from .control import disputes as disputes_control
from .endpoints import customers, disputes, intents, others, promotions, sessions, webhook_endpoints
from .pages import checkout, dashboard, frames, switches
from .parameters import disputes as dispute_params
from .parameters import intents as intent_params
from .parameters import lists
from .parameters import promotions as promotion_params
from .parameters import sessions as session_params
from .parameters.session_rules import check_create

API = [
    path(
        "v1/checkout/sessions",
        endpoint(
            GET=Operation(sessions.listed, session_params.LIST),
            POST=Operation(sessions.create, session_params.CREATE, rules=check_create),
        ),
    ),
    path(
        "v1/checkout/sessions/<str:session>",
        endpoint(GET=Operation(sessions.retrieve, lists.EXPAND), POST=Operation(sessions.update, session_params.UPDATE)),
    ),
    path("v1/checkout/sessions/<str:session>/expire", endpoint(POST=Operation(sessions.expire, session_params.EXPIRE))),
    path("v1/checkout/sessions/<str:session>/line_items", endpoint(GET=Operation(sessions.line_items, lists.PAGE))),
    path(
        "v1/payment_intents",
        endpoint(
            GET=Operation(intents.listed, intent_params.LIST),
            POST=Operation(intents.create, intent_params.CREATE, required=("amount", "currency")),
        ),
    ),
    path(
        "v1/payment_intents/<str:intent>",
        endpoint(
            GET=Operation(intents.retrieve, intent_params.RETRIEVE, public=True),
            POST=Operation(intents.update, intent_params.UPDATE),
        ),
    ),
    path(
        "v1/payment_intents/<str:intent>/confirm",
        endpoint(POST=Operation(intents.confirm, intent_params.CONFIRM, public=True)),
    ),
    path("v1/payment_intents/<str:intent>/cancel", endpoint(POST=Operation(intents.cancel, intent_params.CANCEL))),
    path("v1/charges", endpoint(GET=Operation(others.list_charges, lists.CHARGE_LIST))),
    path(
        "v1/charges/<str:id>",
        endpoint(
            GET=Operation(others.retrieve_charge, lists.EXPAND), POST=Operation(others.update_charge, lists.CHARGE_UPDATE)
        ),
    ),
    path("v1/charges/<str:id>/refunds", endpoint(GET=Operation(others.list_charge_refunds, lists.PAGE))),
    path(
        "v1/refunds",
        endpoint(
            GET=Operation(others.list_refunds, lists.REFUND_LIST), POST=Operation(others.create_refund, lists.REFUND_CREATE)
        ),
    ),
    path(
        "v1/refunds/<str:id>",
        endpoint(
            GET=Operation(others.retrieve_refund, lists.EXPAND), POST=Operation(others.update_refund, lists.REFUND_UPDATE)
        ),
    ),
    path("v1/refunds/<str:id>/cancel", endpoint(POST=Operation(others.cancel_refund, lists.EXPAND))),
    path("v1/disputes", endpoint(GET=Operation(disputes.listed, dispute_params.LIST))),
    path(
        "v1/disputes/<str:dispute>",
        endpoint(GET=Operation(disputes.retrieve, lists.EXPAND), POST=Operation(disputes.update, dispute_params.UPDATE)),
    ),
    path("v1/disputes/<str:dispute>/close", endpoint(POST=Operation(disputes.close, lists.EXPAND))),
    path(
        "v1/coupons",
        endpoint(
            GET=Operation(promotions.list_coupons, lists.DATED),
            POST=Operation(promotions.create_coupon, promotion_params.COUPON, rules=promotion_params.check_coupon),
        ),
    ),
    path(
        "v1/coupons/<str:coupon>",
        endpoint(
            GET=Operation(promotions.retrieve_coupon, lists.EXPAND),
            POST=Operation(promotions.update_coupon, promotion_params.COUPON_UPDATE),
            DELETE=Operation(promotions.delete_coupon, lists.EXPAND),
        ),
    ),
    path(
        "v1/promotion_codes",
        endpoint(
            GET=Operation(promotions.list_codes, promotion_params.CODE_LIST),
            POST=Operation(
                promotions.create_code, promotion_params.CODE, required=("promotion",), rules=promotion_params.check_code
            ),
        ),
    ),
    path(
        "v1/promotion_codes/<str:promotion_code>",
        endpoint(
            GET=Operation(promotions.retrieve_code, lists.EXPAND),
            POST=Operation(promotions.update_code, promotion_params.CODE_UPDATE),
        ),
    ),
    path(
        "v1/customers",
        endpoint(GET=Operation(customers.listed, lists.CUSTOMER_LIST), POST=Operation(customers.create, lists.CUSTOMER)),
    ),
    path(
        "v1/customers/<str:id>",
        endpoint(
            GET=Operation(customers.retrieve, lists.EXPAND),
            POST=Operation(customers.update, lists.CUSTOMER),
            DELETE=Operation(customers.delete, {}),
        ),
    ),
    path("v1/events", endpoint(GET=Operation(others.list_events, lists.EVENT_LIST))),
    path("v1/events/<str:id>", endpoint(GET=Operation(others.retrieve_event, lists.EXPAND))),
    path("v1/balance", endpoint(GET=Operation(others.balance, lists.EXPAND))),
    path(
        "v1/balance_transactions",
        endpoint(GET=Operation(others.list_balance_transactions, lists.BALANCE_TRANSACTION_LIST)),
    ),
    path("v1/balance_transactions/<str:id>", endpoint(GET=Operation(others.retrieve_balance_transaction, lists.EXPAND))),
    path("v1/webhook_endpoints", endpoint(GET=Operation(webhook_endpoints.listed, lists.PAGE))),
    path("v1/webhook_endpoints/<str:id>", endpoint(GET=Operation(webhook_endpoints.retrieve, lists.EXPAND))),
    path("v1/payment_methods/<str:id>", endpoint(GET=Operation(others.retrieve_payment_method, lists.EXPAND))),
    path("v1/products/<str:id>", endpoint(GET=Operation(others.retrieve_product, lists.EXPAND))),
    path("v1/prices/<str:id>", endpoint(GET=Operation(others.retrieve_price, lists.EXPAND))),
    path("v1/<path:rest>", not_found),
]
CONTROL = [
    path("_sandbox/health", settings.health),
    path("_sandbox/reset", settings.reset),
    path("_sandbox/config", settings.config),
    path("_sandbox/requests", settings.requests),
    path("_sandbox/objects/<str:object_id>", settings.one_object),
    path("_sandbox/books", books.books),
    path("_sandbox/sessions/<str:session_id>/pay", money.pay),
    path("_sandbox/sessions/<str:session_id>/expire", money.expire),
    path("_sandbox/payment_intents/<str:intent_id>/pay", money.pay_intent),
    path("_sandbox/payment_intents/<str:intent_id>/finish", money.finish_payment),
    path("_sandbox/payment_intents/<str:intent_id>/refund", money.refund),
    path("_sandbox/refunds/<str:refund_id>/finish", money.finish_refund),
    path("_sandbox/payment_intents/<str:intent_id>/dispute", disputes_control.create),
    path("_sandbox/disputes/<str:dispute_id>/answer", disputes_control.answer),
    path("_sandbox/disputes/<str:dispute_id>/close", disputes_control.close),
    path("_sandbox/disputes/<str:dispute_id>/escalate", disputes_control.escalate),
    path("_sandbox/disputes/<str:dispute_id>/funds", disputes_control.funds),
    path("_sandbox/events", deliveries.events),
    path("_sandbox/events/send", deliveries.send_made_up),
    path("_sandbox/events/<str:event_id>/deliver", deliveries.deliver),
    path("_sandbox/deliveries", deliveries.listed),
    path("_sandbox/deliveries/flush", deliveries.flush),
    path("_sandbox/deliveries/wait", deliveries.wait),
    path("_sandbox/faults", faults.faults),
    path("_sandbox/faults/<int:fault_id>", faults.fault),
    path("_sandbox/faults/<int:fault_id>/release", faults.release),
    path("_sandbox/faults/<int:fault_id>/wait", faults.wait),
]
PAGES = [
    path("", dashboard.home, name="home"),
    path("dashboard", dashboard.home),
    path("dashboard/<str:section>", dashboard.section, name="section"),
    path("dashboard/objects/<str:object_id>", dashboard.one_object, name="object"),
    path("dashboard/switches/settings", switches.settings, name="switch-settings"),
    path("dashboard/switches/faults", switches.faults, name="switch-faults"),
    path("dashboard/switches/<str:action>/<str:object_id>", switches.act, name="act"),
    path("c/pay/<str:session_id>", checkout.pay, name="pay"),
    path("c/embedded/<str:secret>", checkout.embedded, name="embedded"),
    path("c/fields", frames.fields, name="fields"),
    path("stripe.js", dashboard.stripe_js),
    path("c/authenticate/<str:intent_id>", checkout.authenticate, name="authenticate"),
    path("static/<str:name>", dashboard.static, name="static"),
    path("favicon.ico", dashboard.favicon),
]
urlpatterns = API + CONTROL + PAGES
handler404 = "stripe_sandbox.pages.dashboard.not_found"
