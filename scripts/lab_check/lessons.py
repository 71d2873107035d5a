"""The checks of the lessons, by their names in the address."""

from lab_check.convolution import check_convolution
from lab_check.pixels import check_pixels

LESSONS = {
    "pixels": check_pixels,
    "convolution": check_convolution,
}
