"""What a page shows, page by page: frozen values ready for the eye, no domain objects (see
`dispatch.web.pages`).
"""
