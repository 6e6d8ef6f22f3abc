import nox
@nox.session
def a(session): session.run('x', python='3.9')
