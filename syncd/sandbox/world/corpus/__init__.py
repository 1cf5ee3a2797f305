"""Companies with a latent truth, on which the association is measured.

A world is made in two steps that know nothing of each other. First comes what
happens: firms, people, deals, meetings and what each was about (``truth``). Two
generators do that, ``by_deal`` and ``by_seller``. Then tools and people keep records
of it, as imperfectly as they do (``log_*``, ``tools``).
"""
