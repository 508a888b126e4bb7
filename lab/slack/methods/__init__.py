"""The Web API's methods, each a function of the workspace and the request's arguments."""
