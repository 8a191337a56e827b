"""Networks: what they are made of as data, and the builders that turn that into Keras models."""
