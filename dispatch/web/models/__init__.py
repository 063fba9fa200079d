"""What a page shows, page by page: what a view fills and a template shows.

They hold values ready to show (strings, numbers, enums) and no domain objects. A view builds one and calls
`dispatch.web.render.render(template, model, lang)`; `EXAMPLES` in `dispatch.web.examples` shows each one filled.
"""
