"""Gain and initialisation matched to an activation."""

from nonlin.init.api import initialize_ as initialize_
from nonlin.init.gains import MODES as MODES
from nonlin.init.gains import critical_variances as critical_variances
from nonlin.init.gains import gain as gain
from nonlin.init.gains import second_moment as second_moment
from nonlin.init.gains import slope_moment as slope_moment
