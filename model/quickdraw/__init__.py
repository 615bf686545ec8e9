"""What belongs to the Quick, Draw! dataset: its 345 classes, its 28x28 drawings, and a pen like its own."""
