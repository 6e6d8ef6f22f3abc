import setuptools as st
st.setup(install_requires=["a>=1", "b"])