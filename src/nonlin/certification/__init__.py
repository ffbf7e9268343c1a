"""How wrong an implementation of an activation is, in units of the last place."""

from nonlin.certification.api import certify as certify
from nonlin.certification.certificate import Certificate as Certificate
