"""The public teaching texts that references name by a tag."""

SOURCES = {
    "S1": "P. Sharma, Activation Function, Deep Neural Networks session 03 (slides, 2024)",
    "S2": "E. Roman-Rangel, Non-linear activations, ITAM (slides)",
    "S3": "Different types of activation units, UC Berkeley course note",
    "S4": "Activation function in deep learning, Analytics Vidhya article",
    "S5": "Activation function 2, handwritten lecture notes (2023)",
}
