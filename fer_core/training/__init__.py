"""Training with Keras: data, batches, losses, optimizers, callbacks, checkpoints, and the export to ONNX."""
