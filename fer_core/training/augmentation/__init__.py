"""Random changes to training images, ahead of the step: geometry, light, drawn operations, two images in one."""
