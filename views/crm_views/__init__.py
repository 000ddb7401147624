"""The web: the staff desk on Pyramid, with forms by deform and templates by Chameleon, on top of the headless core."""
