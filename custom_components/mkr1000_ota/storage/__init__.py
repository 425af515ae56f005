"""What is on disk: the records of boards, and the images that they ran."""
