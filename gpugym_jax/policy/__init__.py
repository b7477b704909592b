"""A trained policy as one ONNX file that says all that its user needs: written, checked, read, chosen."""
