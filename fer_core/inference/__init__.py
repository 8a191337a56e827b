"""From a picture to an answer: find the faces, read them with an exported model, say how sure it is.

Runs on ONNX Runtime alone; nothing here imports TensorFlow or Keras: what needs them runs in `workers`.
"""
