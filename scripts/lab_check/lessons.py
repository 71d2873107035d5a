"""The checks of the lessons, by their names in the address."""

from lab_check.backpropagation import check_backpropagation
from lab_check.convolution import check_convolution
from lab_check.dense import check_dense
from lab_check.loss import check_loss
from lab_check.maps import check_maps
from lab_check.overfitting import check_overfitting
from lab_check.own import check_own
from lab_check.pixels import check_pixels
from lab_check.training import check_training
from lab_check.transfer import check_transfer
from lab_check.transformer import check_transformer

LESSONS = {
    "pixels": check_pixels,
    "convolution": check_convolution,
    "maps": check_maps,
    "dense": check_dense,
    "loss": check_loss,
    "backpropagation": check_backpropagation,
    "training": check_training,
    "overfitting": check_overfitting,
    "transfer": check_transfer,
    "transformer": check_transformer,
    "own": check_own,
}
# Those that measure how long an answer takes.
TIMED = ["convolution", "maps", "dense", "loss", "transformer"]
