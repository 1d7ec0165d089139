"""The HTTP room: from requests to questions of the service, and from its answers to the wire."""
