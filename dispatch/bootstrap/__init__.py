"""The roles of the service, a module each, put together from everything; the only package that reads settings.

A process imports the one module that it runs: all of them together cost seconds of every start.
"""
