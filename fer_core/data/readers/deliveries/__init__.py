"""Public sets as they are delivered, and exports of annotation tools, one file each, in the order in which they are asked."""

from __future__ import annotations

from fer_core.base.errors import SourceError
from fer_core.data.readers.deliveries import (
    affectnet,
    ckplus,
    coco,
    cvat,
    doubled,
    emoset,
    expw,
    fer2013,
    films,
    label_studio,
    posed,
    rafdb,
    webdataset,
    yolo,
)
from fer_core.data.readers.delivery import Delivery, Listing

AUTO, NONE = "auto", "none"
DELIVERIES: tuple[Delivery, ...] = (
    fer2013.DELIVERY,
    fer2013.FERPLUS,
    rafdb.DELIVERY,
    affectnet.DELIVERY,
    affectnet.LISTS,
    ckplus.DELIVERY,
    ckplus.CK48,
    posed.JAFFE,
    posed.KDEF,
    expw.DELIVERY,
    films.FERG,
    films.SFEW,
    films.AFEW,
    emoset.DELIVERY,
    coco.DELIVERY,
    yolo.DELIVERY,
    label_studio.DELIVERY,
    cvat.DELIVERY,
    webdataset.DELIVERY,
    doubled.DELIVERY,
)


def recognise(listing: Listing, wanted: str = AUTO) -> Delivery | None:
    """The delivery a listing is.

    Args:
        listing: of a folder or archive.
        wanted: key of the only one to ask, or AUTO for all, NONE for no one.

    Raises:
        SourceError: the source is not laid out as the one that was wanted.
    """
    if wanted == NONE:
        return None
    for delivery in DELIVERIES:
        if wanted in (AUTO, delivery.key) and delivery.recognised(listing):
            return delivery
    if wanted == AUTO:
        return None
    known = ", ".join(delivery.key for delivery in DELIVERIES)
    raise SourceError("The source is not laid out as that set is", received=wanted, hint=f"Known: {known}")
