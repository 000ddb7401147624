"""The test kit: fixtures for pytest, real servers on loopback, and what a plugin's author needs to prove a plugin.

Nothing in here is imported by the running application; heavy libraries are imported when a fixture is used.
"""
