"""The body of a network: everything before its head, frozen, thawed and trained at rates of its own.

The body of a transfer network is its backbone; that of a CNN is all layers but the last, the softmax.
"""

from __future__ import annotations

import keras
from keras import layers

RESIZING = "resizing"
"""Name of the layer that brings images to the size a backbone sees."""


def set_backbone_size(model: keras.Model, side: int) -> bool:
    """Have the backbone see images of so many pixels along each side; whether that is new: then graphs are built anew."""
    layer = model.get_layer(RESIZING)
    changed = bool(layer.height != side)
    layer.height = layer.width = side
    return changed


def backbone_of(model: keras.Model) -> keras.Model:
    """The network inside a model that begins with one, published or imported."""
    (found,) = _nested(model)
    return found


def body_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of the body, from the input on."""
    return list(backbone_of(model).layers if _nested(model) else model.layers[:-1])


def unfreeze(model: keras.Model, share: float) -> None:
    """Train the last layers of a model's body, this share of all of them; the model must be compiled anew."""
    found = body_layers(model)
    train_last(model, round(share * len(found)))


def train_last(model: keras.Model, count: int) -> None:
    """Train so many of the last layers of a model's body, and none before them.

    A backbone keeps the statistics of its batch normalisation also where its layers are trained; a CNN, whose body was
    trained on such pictures as it now sees, goes on with them. Frozen layers of a backbone answer as they will in use; a CNN's
    dropout stays on, in its frozen layers too.
    """
    backbones, found = _nested(model), body_layers(model)
    for backbone in backbones:
        backbone.trainable = count > 0
    last = {id(layer) for layer in found[max(len(found) - count, 0) :]}
    for layer in found:
        # Keras hands `training` down whatever the call said; only a frozen normalisation keeps its statistics.
        keeps = bool(backbones) and isinstance(layer, layers.BatchNormalization)
        layer.trainable = id(layer) in last and not keeps
        if isinstance(layer, layers.Dropout) and backbones:
            # Without stochastic depth, where it is frozen.
            published_rate = getattr(layer, "_published_rate", layer.rate)
            layer._published_rate = published_rate
            layer.rate = published_rate if id(layer) in last else 0.0


def refresh_normalization(model: keras.Model) -> None:
    """Have the normalisation of inputs go by its weights, once they were assigned; it computes with constants made of them."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()


def learning_rate_factors(model: keras.Model, decay: float) -> list[tuple[keras.Variable, float]]:
    """Trainable variables of the body with a factor on their learning rate, lower in earlier layers.

    `decay` in the last fifth of its layers, `decay`^5 in the first; the head, which is not listed, keeps its rate.
    """
    found = body_layers(model)
    return [
        (variable, decay ** (5 - number * 5 // len(found)))
        for number, layer in enumerate(found)
        for variable in layer.trainable_variables
    ]


def _nested(model: keras.Model) -> list[keras.Model]:
    return [layer for layer in model.layers if isinstance(layer, keras.Model)]
