"""What depth does to signals and gradients: mean-field theory beside finite networks."""

from nonlin.signal.api import propagate as propagate
from nonlin.signal.result import Propagation as Propagation
from nonlin.signal.theory import MeanField as MeanField
from nonlin.signal.theory import critical_line as critical_line
